"""Scan localhost and print, as JSON, what a profile of Mozilla's objects to: `tls_scan.py PORT AUTHORITY PROFILE`.

Run by the judges' own interpreter, which alone has sslyze.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from sslyze import Scanner, ServerNetworkLocation, ServerScanRequest
from sslyze.mozilla_tls_profile.tls_config_checker import (
    SCAN_COMMANDS_NEEDED_BY_MOZILLA_CHECKER,
    MozillaTlsConfiguration,
    ServerNotCompliantWithTlsConfiguration,
    TlsConfigurationEnum,
    check_server_against_tls_configuration,
)
from sslyze.plugins.certificate_info.implementation import CertificateInfoExtraArgument
from sslyze.scanner.models import ScanCommandsExtraArguments


def main() -> None:
    """An incomplete scan raises: it is no verdict."""
    port, authority, profile = sys.argv[1:]
    extra = ScanCommandsExtraArguments(certificate_info=CertificateInfoExtraArgument(custom_ca_file=Path(authority)))
    place = ServerNetworkLocation(hostname="localhost", port=int(port), ip_address="127.0.0.1")
    scanner = Scanner()
    commands = set(SCAN_COMMANDS_NEEDED_BY_MOZILLA_CHECKER)
    scanner.queue_scans([ServerScanRequest(server_location=place, scan_commands=commands, scan_commands_extra_arguments=extra)])
    (result,) = scanner.get_results()
    try:
        check_server_against_tls_configuration(result, MozillaTlsConfiguration.get(TlsConfigurationEnum(profile)))
    except ServerNotCompliantWithTlsConfiguration as refused:
        print(json.dumps(refused.issues))
    else:
        print("{}")


if __name__ == "__main__":
    main()
