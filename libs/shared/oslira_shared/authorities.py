"""Files of certificates that settings name: checked at the start, because a connection would fail on them for ever."""

import ssl
from pathlib import Path


def authorities_fault(path: Path) -> str | None:
    """What is wrong with a file of certificate authorities (PEM); None if it can be used."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    try:
        context.load_verify_locations(cafile=path)
    except ssl.SSLError:
        return "is not a file of certificates (PEM)"
    except OSError:
        return "names a file that can't be read"
    if not context.cert_store_stats()["x509_ca"]:
        return "holds no certificate of an authority (CA:TRUE)"
    return None


def own_certificate_fault(certificate: Path, key: Path | None) -> str | None:
    """What is wrong with a certificate of our own and its key; None if they can be used."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    try:
        # An encrypted key would ask for its passphrase on the terminal.
        context.load_cert_chain(certificate, key, password="")  # none
    except ssl.SSLError:
        return "is not a certificate with its own key (PEM)"
    except OSError:
        return "names a file that can't be read"
    return None
