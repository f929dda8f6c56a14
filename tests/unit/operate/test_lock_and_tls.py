"""The lock on a data folder, and the certificates."""

import os
import ssl
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from cryptography import x509

from milepost.domain.errors import OperatorError
from milepost.operate.lock import lock_folder
from milepost.operate.tls import prepare_tls


def test_a_second_start_on_the_same_folder_is_refused_with_the_first_ones_process(tmp_path: Path) -> None:
    lock = lock_folder(tmp_path)
    with pytest.raises(OperatorError, match=f"process {os.getpid()}"):
        lock_folder(tmp_path, patience_seconds=0.0)
    os.close(lock)
    os.close(lock_folder(tmp_path))


def test_children_that_a_killed_supervisor_left_behind_are_waited_for(tmp_path: Path) -> None:
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    orphans = lock_folder(tmp_path)
    os.pwrite(orphans, str(ended.pid).encode(), 0)
    leaving = threading.Timer(1.0, os.close, [orphans])
    leaving.start()
    os.close(lock_folder(tmp_path, patience_seconds=0.5))
    leaving.join()


def test_the_local_ca_vouches_for_the_server_under_every_name_and_keys_are_private(tmp_path: Path) -> None:
    files = prepare_tls("auto", tmp_path, "192.0.2.7", ())
    assert files is not None
    assert files.ca is not None
    certificate = x509.load_pem_x509_certificate(files.certificate.read_bytes())
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert "localhost" in names.get_values_for_type(x509.DNSName)
    assert "192.0.2.7" in [str(address) for address in names.get_values_for_type(x509.IPAddress)]
    certificate.verify_directly_issued_by(x509.load_pem_x509_certificate(files.ca.read_bytes()))
    ssl.create_default_context(cafile=str(files.ca))
    for key in (files.key, tmp_path / "tls" / "ca.key"):
        assert key.stat().st_mode & 0o077 == 0


def test_a_second_start_keeps_the_ca_and_the_certificate(tmp_path: Path) -> None:
    first = prepare_tls("auto", tmp_path, "127.0.0.1", ())
    assert first is not None
    before = first.certificate.read_bytes()
    assert prepare_tls("auto", tmp_path, "127.0.0.1", ()) == first
    assert first.certificate.read_bytes() == before


@pytest.mark.parametrize(
    ("mode", "host", "proxies", "message"),
    [
        pytest.param("off", "0.0.0.0", (), "in the clear", id="off, open to the network"),
        pytest.param("nonsense", "127.0.0.1", (), "takes auto, off, or CERT,KEY", id="no such mode"),
        pytest.param("/no/cert,/no/key", "127.0.0.1", (), "cannot be read", id="files that are not there"),
    ],
)
def test_tls_that_would_not_protect_is_refused(
    tmp_path: Path, mode: str, host: str, proxies: tuple[str, ...], message: str
) -> None:
    with pytest.raises(OperatorError, match=message):
        prepare_tls(mode, tmp_path, host, proxies)


@pytest.mark.parametrize(("host", "proxies"), [("127.0.0.1", ()), ("::1", ()), ("0.0.0.0", ("10.0.0.1",))])
def test_tls_may_be_off_on_loopback_or_behind_a_named_proxy(
    tmp_path: Path, host: str, proxies: tuple[str, ...]
) -> None:
    assert prepare_tls("off", tmp_path, host, proxies) is None
