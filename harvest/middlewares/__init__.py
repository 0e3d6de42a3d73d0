"""What every request to the web passes on its way out and back: addresses, robots.txt, patience."""
