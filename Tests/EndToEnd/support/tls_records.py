"""Records that no ordinary client of TLS would send: of those that hold nothing for HTTP any number, by OpenSSL's own functions."""

import ctypes
import hashlib
import hmac
import socket
import struct

from . import LIMIT

CRYPTO, SSL = ctypes.CDLL("libcrypto.so.3"), ctypes.CDLL("libssl.so.3")
for library, name, result, arguments in (
    (SSL, "TLS_client_method", ctypes.c_void_p, ()),
    (SSL, "SSL_CTX_new", ctypes.c_void_p, (ctypes.c_void_p,)),
    (SSL, "SSL_CTX_free", None, (ctypes.c_void_p,)),
    (SSL, "SSL_new", ctypes.c_void_p, (ctypes.c_void_p,)),
    (SSL, "SSL_free", None, (ctypes.c_void_p,)),
    (SSL, "SSL_set_bio", None, (ctypes.c_void_p,) * 3),
    (SSL, "SSL_set_connect_state", None, (ctypes.c_void_p,)),
    (SSL, "SSL_do_handshake", ctypes.c_int, (ctypes.c_void_p,)),
    (SSL, "SSL_key_update", ctypes.c_int, (ctypes.c_void_p, ctypes.c_int)),
    (SSL, "SSL_read", ctypes.c_int, (ctypes.c_void_p, ctypes.c_char_p, ctypes.c_int)),
    (SSL, "SSL_write", ctypes.c_int, (ctypes.c_void_p, ctypes.c_char_p, ctypes.c_int)),
    (SSL, "SSL_ctrl", ctypes.c_long, (ctypes.c_void_p, ctypes.c_int, ctypes.c_long, ctypes.c_void_p)),
    (SSL, "SSL_set_cipher_list", ctypes.c_int, (ctypes.c_void_p, ctypes.c_char_p)),
    (SSL, "SSL_get_session", ctypes.c_void_p, (ctypes.c_void_p,)),
    (SSL, "SSL_SESSION_get_master_key", ctypes.c_size_t, (ctypes.c_void_p, ctypes.c_char_p, ctypes.c_size_t)),
    (SSL, "SSL_get_client_random", ctypes.c_size_t, (ctypes.c_void_p, ctypes.c_char_p, ctypes.c_size_t)),
    (SSL, "SSL_get_server_random", ctypes.c_size_t, (ctypes.c_void_p, ctypes.c_char_p, ctypes.c_size_t)),
    (CRYPTO, "EVP_CIPHER_CTX_new", ctypes.c_void_p, ()),
    (CRYPTO, "EVP_CIPHER_CTX_free", None, (ctypes.c_void_p,)),
    (CRYPTO, "EVP_aes_128_gcm", ctypes.c_void_p, ()),
    (CRYPTO, "EVP_EncryptInit_ex", ctypes.c_int, (ctypes.c_void_p,) * 3 + (ctypes.c_char_p,) * 2),
    (CRYPTO, "EVP_EncryptUpdate", ctypes.c_int,
     (ctypes.c_void_p, ctypes.c_char_p, ctypes.POINTER(ctypes.c_int), ctypes.c_char_p, ctypes.c_int)),
    (CRYPTO, "EVP_EncryptFinal_ex", ctypes.c_int, (ctypes.c_void_p, ctypes.c_char_p, ctypes.POINTER(ctypes.c_int))),
    (CRYPTO, "EVP_CIPHER_CTX_ctrl", ctypes.c_int, (ctypes.c_void_p, ctypes.c_int, ctypes.c_int, ctypes.c_char_p)),
    (CRYPTO, "BIO_new", ctypes.c_void_p, (ctypes.c_void_p,)),
    (CRYPTO, "BIO_s_mem", ctypes.c_void_p, ()),
    (CRYPTO, "BIO_read", ctypes.c_int, (ctypes.c_void_p, ctypes.c_char_p, ctypes.c_int)),
    (CRYPTO, "BIO_write", ctypes.c_int, (ctypes.c_void_p, ctypes.c_char_p, ctypes.c_int)),
):
    function = getattr(library, name)
    function.restype, function.argtypes = result, arguments


class Client:
    """A connection with TLS 1.3, or 1.2, to a port of this host, whose certificate it believes whatever it is."""

    def __init__(self, port, newest=0x0304):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=LIMIT)
        self.buffer = ctypes.create_string_buffer(1 << 16)
        self.context = SSL.SSL_CTX_new(SSL.TLS_client_method())
        self.session = SSL.SSL_new(self.context)
        self.incoming, self.outgoing = (CRYPTO.BIO_new(CRYPTO.BIO_s_mem()) for _ in range(2))
        SSL.SSL_set_bio(self.session, self.incoming, self.outgoing)
        SSL.SSL_ctrl(self.session, 124, newest, None)  # SSL_CTRL_SET_MAX_PROTO_VERSION
        assert SSL.SSL_set_cipher_list(self.session, b"ECDHE-ECDSA-AES128-GCM-SHA256") == 1  # that of TLS 1.2
        SSL.SSL_set_connect_state(self.session)
        while SSL.SSL_do_handshake(self.session) != 1:
            self.socket.sendall(self.records())
            self.take()
        self.socket.sendall(self.records())

    def close(self):
        self.socket.close()
        SSL.SSL_free(self.session)
        SSL.SSL_CTX_free(self.context)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def records(self):
        """What is to be sent, and was not yet."""
        parts = []
        while (count := CRYPTO.BIO_read(self.outgoing, self.buffer, len(self.buffer))) > 0:
            parts.append(self.buffer.raw[:count])
        return b"".join(parts)

    def take(self):
        """Takes over what has come; false at the end."""
        data = self.socket.recv(1 << 16)
        CRYPTO.BIO_write(self.incoming, data, len(data))
        return bool(data)

    def key_updates(self, count):
        """So many messages that each bring new keys, and ask for none."""
        parts = []
        for number in range(count):
            assert SSL.SSL_key_update(self.session, 0) == 1 and SSL.SSL_do_handshake(self.session) == 1
            if number % 2000 == 0:
                parts.append(self.records())
        return b"".join([*parts, self.records()])

    def renegotiations(self, count):
        """With TLS 1.2: the beginnings of so many handshakes anew, and the requests behind them.

        OpenSSL begins one and waits for its end, so these are encrypted here (RFC 5246 section 6.2.3.3, RFC 5288). Behind them it can
        send nothing more by itself: its numbers are not those of the server any more.
        """
        random = b"".join(self.secret(getattr(SSL, f"SSL_get_{end}_random"), self.session) for end in ("server", "client"))
        master = self.secret(SSL.SSL_SESSION_get_master_key, SSL.SSL_get_session(self.session))
        seed, block = b"key expansion" + random, b""
        chained = seed
        while len(block) < 40:
            chained = hmac.digest(master, chained, hashlib.sha256)
            block += hmac.digest(master, chained + seed, hashlib.sha256)
        key, salt = block[:16], block[32:36]
        # The number 0 was the end of the handshake. A message of type 1, a ClientHello, of no bytes.
        return b"".join(self.encrypted(key, salt, number, 22, b"\x01\x00\x00\x00") for number in range(1, count + 1)) + (
            self.encrypted(key, salt, count + 1, 23, b"GET /-/ready HTTP/1.1\r\nHost: localhost\r\n\r\n")
        )

    def secret(self, function, of):
        secret = ctypes.create_string_buffer(48)
        length = function(of, secret, len(secret))
        return secret.raw[:length]

    def encrypted(self, key, salt, number, kind, text):
        """One record."""
        nonce, out, length = struct.pack(">Q", number), ctypes.create_string_buffer(len(text)), ctypes.c_int()
        cipher = CRYPTO.EVP_CIPHER_CTX_new()
        CRYPTO.EVP_EncryptInit_ex(cipher, CRYPTO.EVP_aes_128_gcm(), None, key, salt + nonce)
        head = struct.pack(">QBHH", number, kind, 0x0303, len(text))
        CRYPTO.EVP_EncryptUpdate(cipher, None, length, head, len(head))
        CRYPTO.EVP_EncryptUpdate(cipher, out, length, text, len(text))
        CRYPTO.EVP_EncryptFinal_ex(cipher, None, length)
        tag = ctypes.create_string_buffer(16)
        CRYPTO.EVP_CIPHER_CTX_ctrl(cipher, 16, len(tag), tag)  # EVP_CTRL_GCM_GET_TAG
        CRYPTO.EVP_CIPHER_CTX_free(cipher)
        body = nonce + out.raw + tag.raw
        return struct.pack(">BHH", kind, 0x0303, len(body)) + body

    def data(self, text):
        """The record of some bytes."""
        assert SSL.SSL_write(self.session, text, len(text)) == len(text)
        return self.records()

    def read(self):
        """What the server says next; empty at the end."""
        while True:
            if (count := SSL.SSL_read(self.session, self.buffer, len(self.buffer))) > 0:
                return self.buffer.raw[:count]
            if not self.take():
                return b""

    def is_answered(self):
        """With TLS 1.2: waits for a record of data, whatever comes before it; false at the end."""
        rest = b""
        while True:
            while len(rest) >= 5 and len(rest) >= (end := 5 + int.from_bytes(rest[3:5], "big")):
                if rest[0] == 23:
                    return True
                rest = rest[end:]
            if not (data := self.socket.recv(1 << 16)):
                return False
            rest += data
