"""Whom a client trusts, by the address it is made for."""

import ssl

import pytest

from libs.worker.plain_httpx import authorities_for


@pytest.mark.parametrize("url", ["https://models.example/v1", "HTTPS://models.example/v1"])
def test_with_tls_the_usual_authorities_are_trusted(url: str) -> None:
    assert authorities_for(url) is True


@pytest.mark.parametrize("url", ["http://127.0.0.1:11434", "HTTP://https.example:8000/https:"])
def test_without_tls_nobody_is_and_a_certificate_is_still_asked_for(url: str) -> None:
    context = authorities_for(url)
    assert isinstance(context, ssl.SSLContext)
    assert context.get_ca_certs() == []
    assert context.verify_mode is ssl.CERT_REQUIRED
