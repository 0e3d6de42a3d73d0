"""Secrets of services: put on a request at the last moment, and taken out of everything that is kept or shown."""

import os
import re
from collections.abc import Mapping
from urllib.parse import parse_qsl, quote, urlencode, urlsplit, urlunsplit

from base import plugins
from base.errors import UsageError
from harvest.source import Answer, Key

MASK = "KEY"
"""Stands wherever a secret stood."""

SHORTEST = 4
"""A shorter secret is not searched for in texts: it would be found in innocent words."""


def refuse_without_key(name: str, key: Key | None) -> None:
    """Check before anything is done that the key a source needs is set.

    Raises:
        UsageError: it is not; the message names the variable.
    """
    if key is not None and key.required and not os.environ.get(key.variable):
        raise UsageError(f"{name} asks for a key: set {key.variable} in the environment. It is kept nowhere.")


def with_key(url: str, key: Key | None) -> tuple[str, dict[str, str]]:
    """The address and the headers to ask with; both without a secret where there is none."""
    secret = os.environ.get(key.variable) if key is not None else None
    if key is None or not secret:
        return url, {}
    if key.header:
        return url, {key.header: key.prefix + secret}
    parts = urlsplit(url)
    query = [pair for pair in parse_qsl(parts.query, keep_blank_values=True) if pair[0] != key.parameter]
    return urlunsplit(parts._replace(query=urlencode([*query, (str(key.parameter), secret)]))), {}


def scrubbed_answer(answer: Answer, asked_url: str, key: Key | None) -> Answer:
    """The answer as if it had been asked for without the secret: services echo keys in bodies and redirects.

    Args:
        answer: As it came.
        asked_url: The address before the key was put on it; stands for the answer's where they differ by the key only.
        key: The source's.
    """
    secret = os.environ.get(key.variable) if key is not None else None
    if not secret:
        return answer
    body = answer.body
    for form in _forms(secret):
        body = body.replace(form.encode(), MASK.encode())
    headers: Mapping[str, tuple[str, ...]] = {
        name: tuple(_without(value, (secret,)) for value in values) for name, values in answer.headers.items()
    }
    url = asked_url if with_key(asked_url, key)[0] == answer.url else _without(answer.url, (secret,))
    return Answer(url, body, answer.status, headers)


def scrubbed(text: str) -> str:
    """A text for a person or a log, without any key that a source declares and the environment holds."""
    return _without(text, _secrets())


def key_variables() -> dict[str, Key]:
    """The key of each source that has one, by the source's name."""
    found = {}
    for name in plugins.names("harvest.sources"):
        key = getattr(plugins.load("harvest.sources", name).Source, "key", None)
        if key is not None:
            found[name] = key
    return found


def _secrets() -> tuple[str, ...]:
    values = (os.environ.get(key.variable, "") for key in key_variables().values())
    return tuple(value for value in values if len(value) >= SHORTEST)


def _without(text: str, secrets: tuple[str, ...]) -> str:
    for secret in secrets:
        for form in _forms(secret):
            text = re.sub(re.escape(form), MASK, text)
    return text


def _forms(secret: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys((secret, quote(secret, safe=""))))
