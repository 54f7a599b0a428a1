"""Certificates of an authority that exists for one test, made by openssl.

They have every extension that RFC 5280 asks for, so that strict readers (`openssl verify -x509_strict`, Python from 3.13 on)
take them, and have nothing of the machine's own openssl.cnf in them.
"""

import subprocess

CONFIGURATION = """
[req]
distinguished_name = name
[name]
[authority]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
[issued]
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature{more}
extendedKeyUsage = serverAuth, clientAuth
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid:always
subjectAltName = {names}
"""
EC = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256")


class Authority:
    def __init__(self, folder, name="authority"):
        self.folder, self.name = folder, name
        self.certificate, self.key = folder / f"{name}.pem", folder / f"{name}.key"
        openssl("req", "-config", self.configuration(name), "-x509", "-extensions", "authority", *EC, "-nodes", "-days", "2",
                "-subj", f"/CN={name}", "-keyout", self.key, "-out", self.certificate)  # fmt: skip

    def issue(self, name, names="DNS:localhost,IP:127.0.0.1", kind="ec"):
        """Gives the paths of a certificate and its key."""
        certificate, key, request = (self.folder / f"{name}.{end}" for end in ("pem", "key", "csr"))
        configuration = self.configuration(name, names, more=", keyEncipherment" if kind == "rsa" else "")
        algorithm = ["-newkey", "rsa:2048"] if kind == "rsa" else EC
        openssl("req", "-config", configuration, *algorithm, "-nodes", "-subj", f"/CN={name}", "-keyout", key, "-out", request)
        openssl("x509", "-req", "-in", request, "-CA", self.certificate, "-CAkey", self.key, "-CAcreateserial", "-days", "1",
                "-extfile", configuration, "-extensions", "issued", "-out", certificate)  # fmt: skip
        key.chmod(0o600)
        return certificate, key

    def configuration(self, name, names="DNS:localhost", more=""):
        path = self.folder / f"{name}.cnf"
        path.write_text(CONFIGURATION.format(names=names, more=more))
        return path


def openssl(*arguments):
    result = subprocess.run(["openssl", *map(str, arguments)], capture_output=True, text=True, timeout=60)
    assert result.returncode == 0, result.stderr
    return result.stdout
