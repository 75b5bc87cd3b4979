"""The clinic without mutual-tls: its inner listener serves whoever reaches it.

Trusted-proxies is out as well, because it alone still keeps the headers of proxies from every handler.
"""

CONTROL = "transport.mutual-tls"
WITHOUT = (CONTROL, "network.trusted-proxies")
