"""The attacking client: raw HTTP/1.1 over TLS on loopback, and a browser's cookie rules, so that an attack is a real one."""
