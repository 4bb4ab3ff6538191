"""Certificates of a test's own authorities, made with openssl(1)."""

import os
import subprocess

KEY = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]


class Certificates:
    """A folder of files NAME.crt, NAME.key and NAME.pem, which holds both."""

    def __init__(self, folder):
        self.folder = folder

    def path(self, name):
        return os.path.join(self.folder, name)

    def read(self, name):
        with open(self.path(name), "rb") as file:
            return file.read()

    def write(self, name, *parts):
        """As something that is reloaded must see it: whole, or not yet."""
        with open(self.path(name + ".tmp"), "wb") as file:
            file.write(b"".join(parts))
        os.replace(self.path(name + ".tmp"), self.path(name))

    def authority(self, name):
        self._openssl("req", "-x509", *KEY, "-days", "2", "-subj", "/CN=" + name,
                      "-keyout", name + ".key", "-out", name + ".crt")

    def certificate(self, authority, name, names, usage=None, dates=None):
        """`usage`: of the key, such as "clientAuth". `dates`: from and until, as
        "YYYYMMDDHHMMSSZ"."""
        extensions = ["-addext", "subjectAltName=" + names]
        if usage:
            extensions += ["-addext", "extendedKeyUsage=" + usage]
        self._openssl("req", *KEY, "-subj", "/CN=" + name, *extensions,
                      "-keyout", name + ".key", "-out", name + ".csr")
        if dates:
            self._sign_for(authority, name, dates)
        else:
            self._openssl("x509", "-req", "-in", name + ".csr", "-CA", authority + ".crt",
                          "-CAkey", authority + ".key", "-CAcreateserial", "-days", "2",
                          "-copy_extensions", "copy", "-out", name + ".crt")
        self.write(name + ".pem", self.read(name + ".crt"), self.read(name + ".key"))

    def self_signed(self, name, names):
        self._openssl("req", "-x509", *KEY, "-days", "2", "-subj", "/CN=" + name, "-addext",
                      "subjectAltName=" + names, "-keyout", name + ".key", "-out", name + ".crt")
        self.write(name + ".pem", self.read(name + ".crt"), self.read(name + ".key"))

    def _sign_for(self, authority, name, dates):
        """Only `openssl ca` takes dates, and it wants a database."""
        self.write("index.txt")
        self.write("ca.cnf", f"""
[ca]
default_ca = test
[test]
database = index.txt
new_certs_dir = .
rand_serial = yes
certificate = {authority}.crt
private_key = {authority}.key
default_md = sha256
policy = any
copy_extensions = copy
[any]
commonName = supplied
""".encode())
        self._openssl("ca", "-batch", "-notext", "-config", "ca.cnf", "-in", name + ".csr",
                      "-out", name + ".crt", "-startdate", dates[0], "-enddate", dates[1])

    def _openssl(self, *arguments):
        subprocess.run(["openssl", *arguments], check=True, stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL,
                       cwd=self.folder)
