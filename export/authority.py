"""The certificates that copies are signed with: a workspace's own authority, which nobody trusts, and the check of given ones."""

import datetime
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from base.errors import UsageError
from base.files import written_whole

if TYPE_CHECKING:
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric import ec

FOLDER = "signing"
SECRET = "authority.pem"
"""The private key and the certificates, in one file, so that they are there together or not at all."""
PUBLIC = "certificates.pem"
"""The certificates alone: to be passed on to those who want to trust this workspace."""
YEARS = 30
"""Signatures carry no time-stamp, so they are valid only as long as the certificate."""
ORGANISATION = "fototeca, an authority of its own making, trusted by nobody"


def authority(folder: Path) -> tuple[bytes, bytes]:
    """(certificates, private key), both PEM, of the authority in a folder; made when there is none.

    The folder is closed to other users. The root's private key is forgotten at once: it signs this one certificate only.
    """
    path = folder / SECRET
    if not path.exists():
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder.chmod(0o700)
        chain, key = _made()
        with written_whole(path) as stream:
            os.chmod(stream.fileno(), 0o600)
            stream.write(key + chain)
    text = path.read_bytes()
    at = text.find(b"-----BEGIN CERTIFICATE-----")
    if at <= 0:
        raise UsageError(f"{path} does not hold a private key and certificates: put it back from a backup, or remove it.")
    key, chain = text[:at], text[at:]
    if not (folder / PUBLIC).exists():
        with written_whole(folder / PUBLIC) as stream:
            stream.write(chain)
    return chain, key


def _made() -> tuple[bytes, bytes]:
    """A root and a certificate that it issued, as C2PA admits them (C2PA 2.x, 14.5.1); P-256."""
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    root_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    root = _certificate("root", root_key, "root", root_key, authority=True)
    own = _certificate("signer", key, "root", root_key, authority=False)
    pem = serialization.Encoding.PEM
    secret = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return own.public_bytes(pem) + root.public_bytes(pem), secret


def _certificate(
    name: str, key: "ec.EllipticCurvePrivateKey", issuer: str, issuer_key: "ec.EllipticCurvePrivateKey", *, authority: bool
) -> "x509.Certificate":
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes
    from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

    def named(common: str) -> x509.Name:
        parts = {NameOID.ORGANIZATION_NAME: ORGANISATION, NameOID.COMMON_NAME: common}
        return x509.Name([x509.NameAttribute(kind, words) for kind, words in parts.items()])

    uses = dict.fromkeys(("content_commitment", "key_encipherment", "data_encipherment", "key_agreement"), False)
    uses |= {"encipher_only": False, "decipher_only": False, "crl_sign": authority, "key_cert_sign": authority}
    now = datetime.datetime.now(datetime.UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(named(name))
        .issuer_name(named(issuer))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))  # clocks differ
        .not_valid_after(now + datetime.timedelta(days=365 * YEARS))
        .add_extension(x509.BasicConstraints(ca=authority, path_length=0 if authority else None), critical=True)
        .add_extension(x509.KeyUsage(digital_signature=not authority, **uses), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()), critical=False)
    )
    if not authority:
        builder = builder.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION]), critical=False)
    return builder.sign(issuer_key, hashes.SHA256())


def checked(chain_pem: bytes, key_pem: bytes, password: str | None) -> tuple[str, str, str, str]:
    """(certificates, private key without a password, C2PA's name of the algorithm, SHA-256 of the signer's certificate).

    Raises:
        UsageError: something cannot be read, they do not belong together, or the certificate is not valid today.
    """
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization

    try:
        chain = x509.load_pem_x509_certificates(chain_pem)
    except ValueError as error:
        raise UsageError(f"the certificate cannot be read ({error}): give a PEM file, the signer's own first.") from error
    try:
        key = serialization.load_pem_private_key(key_pem, password.encode() if password else None)
    except (ValueError, TypeError) as error:  # TypeError: encrypted without a password, or the other way round
        raise UsageError(
            f"the private key cannot be read ({error}): give PEM; its password, if it has one, in FOTOTECA_PRIVATE_KEY_PASSWORD."
        ) from error
    own = chain[0]
    raw = serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    if own.public_key().public_bytes(*raw) != key.public_key().public_bytes(*raw):
        raise UsageError("the private key is not that of the first certificate: put the signer's own certificate first.")
    now = datetime.datetime.now(datetime.UTC)
    if not own.not_valid_before_utc <= now <= own.not_valid_after_utc:
        raise UsageError(
            f"the certificate is valid from {own.not_valid_before_utc:%Y-%m-%d} to {own.not_valid_after_utc:%Y-%m-%d}, "
            "not today: sign with another one."
        )
    pem = serialization.Encoding.PEM
    secret = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()).decode()
    whole = "".join(one.public_bytes(pem).decode() for one in chain)
    return whole, secret, _algorithm(key), own.fingerprint(hashes.SHA256()).hex()


def _algorithm(key: Any) -> str:
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

    if isinstance(key, ec.EllipticCurvePrivateKey):
        found = {"secp256r1": "es256", "secp384r1": "es384", "secp521r1": "es512"}.get(key.curve.name)
        if found:
            return found
    if isinstance(key, ed25519.Ed25519PrivateKey):
        return "ed25519"
    if isinstance(key, rsa.RSAPrivateKey) and key.key_size >= 2048:
        return "ps256"
    raise UsageError("C2PA admits keys on the curves P-256, P-384, P-521 and Ed25519, and RSA from 2048 bits; this is another.")
