"""`python -m fototeca` is the command `fototeca`."""

from fototeca.main import main

if __name__ == "__main__":
    main()
