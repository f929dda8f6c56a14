"""TLS for both listeners: a certificate that the operator names, or a local CA made under the data folder."""

from __future__ import annotations

import ipaddress
import os
import socket
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from milepost.domain.errors import OperatorError

_CA_DAYS = 3650
_LEAF_DAYS = 365
RENEW_DAYS = 30


class _HasPublicKey(Protocol):
    def public_key(self) -> Any: ...


class TlsFiles(NamedTuple):
    """PEM files; `ca` is set when it is our own, which clients must be told to trust."""

    certificate: Path
    key: Path
    ca: Path | None


def prepare_tls(mode: str, data: Path, host: str, trusted_proxies: tuple[str, ...]) -> TlsFiles | None:
    """The files for `--tls`; None for off, which is only for loopback or behind a named proxy (OperatorError)."""
    if mode == "off":
        if not _is_loopback(host) and not trusted_proxies:
            raise OperatorError(
                f"--tls off on {host} would send credentials in the clear. Bind 127.0.0.1, or name the proxy that"
                " speaks TLS for Milepost in MILEPOST_TRUSTED_PROXIES."
            )
        return None
    if mode == "auto":
        folder = data / "tls"
        remedy = f"Move {folder} away: another CA is made, which clients must then trust."
        try:
            files = _local_ca(folder, host)
        except (ValueError, TypeError, AssertionError, UnsupportedAlgorithm, OSError) as error:
            raise OperatorError(f"The certificates in {folder} cannot be used: {_short(error)}. {remedy}") from error
        require_pair(files.certificate, files.key, remedy=f"Delete {files.certificate}: another one is made.")
        return files
    certificate, comma, key = mode.partition(",")
    if not comma:
        raise OperatorError(f"--tls takes auto, off, or CERT,KEY; not {mode!r}.")
    files = TlsFiles(Path(certificate).absolute(), Path(key).absolute(), None)
    for file in files[:2]:
        if not os.access(file, os.R_OK):
            raise OperatorError(f"The TLS file {file} cannot be read.")
    require_pair(files.certificate, files.key, remedy="Put others there, or take --tls auto.")
    return files


def _local_ca(folder: Path, host: str) -> TlsFiles:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    ca_file, ca_key_file = folder / "ca.pem", folder / "ca.key"
    if not (ca_file.exists() and ca_key_file.exists()):
        key = ec.generate_private_key(ec.SECP256R1())
        _write_key(ca_key_file, key)
        _write_whole(ca_file, _ca_certificate(key).public_bytes(serialization.Encoding.PEM))
    files = TlsFiles(folder / "server.pem", folder / "server.key", ca_file)
    if not _is_current(files.certificate, host):
        ca = x509.load_pem_x509_certificate(ca_file.read_bytes())
        ca_key = serialization.load_pem_private_key(ca_key_file.read_bytes(), password=None)
        assert isinstance(ca_key, ec.EllipticCurvePrivateKey)
        key = ec.generate_private_key(ec.SECP256R1())
        _write_key(files.key, key)
        leaf = _leaf_certificate(key, ca, ca_key, host)
        chain = leaf.public_bytes(serialization.Encoding.PEM) + ca_file.read_bytes()
        _write_whole(files.certificate, chain)
    return files


def _ca_certificate(key: ec.EllipticCurvePrivateKey) -> x509.Certificate:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"Milepost local CA of {socket.gethostname()}"[:64])])
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=_CA_DAYS))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(signs_certificates=True), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )


def _leaf_certificate(
    key: ec.EllipticCurvePrivateKey, ca: x509.Certificate, ca_key: ec.EllipticCurvePrivateKey, host: str
) -> x509.Certificate:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Milepost")]))
        .issuer_name(ca.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=_LEAF_DAYS))
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName(_names(host)), critical=False)
        .add_extension(_usage(signs_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(ca_key.public_key()), critical=False)
        .sign(ca_key, hashes.SHA256())
    )


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _names(host: str) -> list[x509.GeneralName]:
    names: list[x509.GeneralName] = [
        x509.DNSName("localhost"),
        x509.IPAddress(ipaddress.ip_address("127.0.0.1")),
        x509.IPAddress(ipaddress.ip_address("::1")),
    ]
    for name in {host, socket.gethostname()} - {"localhost", "127.0.0.1", "::1"}:
        try:
            names.append(x509.IPAddress(ipaddress.ip_address(name)))
        except ValueError:
            names.append(x509.DNSName(name))
    return names


def _is_current(file: Path, host: str) -> bool:
    if not file.exists():
        return False
    certificate = x509.load_pem_x509_certificate(file.read_bytes())
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    lasts = certificate.not_valid_after_utc - datetime.now(UTC) > timedelta(days=RENEW_DAYS)
    return lasts and all(name in names for name in _names(host))


def _write_whole(file: Path, content: bytes) -> None:
    """Whoever waits for the file, or finds it after a crash, sees all of it."""
    draft = file.with_suffix(".draft")
    draft.write_bytes(content)
    draft.replace(file)


def _write_key(file: Path, key: ec.EllipticCurvePrivateKey) -> None:
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as stream:
        stream.write(pem)


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def read_certificate(file: Path) -> x509.Certificate:
    """The first of a PEM file; ValueError or OSError if there is none."""
    return x509.load_pem_x509_certificate(file.read_bytes())


def public_bytes(owner: _HasPublicKey) -> bytes:
    """The public key of a certificate or of a private key: equal for those that belong together."""
    encoded: bytes = owner.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return encoded


def require_pair(certificate: Path, key: Path, *, remedy: str) -> None:
    """OperatorError unless both files can be read, and belong together."""
    try:
        shown = public_bytes(read_certificate(certificate))
    except (ValueError, OSError) as error:
        raise OperatorError(f"{certificate} is no certificate in PEM: {_short(error)}. {remedy}") from error
    try:
        loaded = serialization.load_pem_private_key(key.read_bytes(), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm, OSError) as error:
        raise OperatorError(f"{key} is no private key in PEM without a password: {_short(error)}. {remedy}") from error
    if public_bytes(loaded) != shown:
        raise OperatorError(f"{key} is not the key of {certificate}. {remedy}")


def _short(error: Exception) -> str:
    reason = error.strerror if isinstance(error, OSError) else str(error)
    return (reason or type(error).__name__).partition(".")[0][:200]
