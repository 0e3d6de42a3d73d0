"""One file a channel by which owners say no: `CHANNEL` and a pure `read(answer)` yielding `OptOut`s."""
