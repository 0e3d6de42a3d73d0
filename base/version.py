"""The version of this code, as runs and the user agent name it."""

CODE_VERSION = "0.1.0"
