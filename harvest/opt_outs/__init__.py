"""One file a channel by which owners say no: `CHANNEL`, `PLACE` (header or file) and a pure `read(answer)` yielding `OptOut`s."""
