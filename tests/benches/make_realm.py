#!/usr/bin/env python3
"""Writes a realm's file with many clients, as a Keycloak export has them: make_realm.py CLIENTS [NAME] > realm.json"""

import json
import random
import sys
import uuid

SCOPES = ["web-origins", "acr", "profile", "roles", "basic", "email"]
OPTIONAL = ["address", "phone", "offline_access", "organization", "microprofile-jwt"]


def client(number: int, numbers: random.Random) -> dict:
    host = f"https://app-{number:07d}.example.com"
    return {
        "id": str(uuid.UUID(int=numbers.getrandbits(128), version=4)),
        "clientId": f"app-{number:07d}",
        "name": f"Application {number}",
        "description": "",
        "rootUrl": host,
        "adminUrl": "",
        "baseUrl": "/",
        "surrogateAuthRequired": False,
        "enabled": True,
        "alwaysDisplayInConsole": False,
        "clientAuthenticatorType": "client-secret",
        "secret": "%064x" % numbers.getrandbits(256),
        "redirectUris": [f"{host}/callback", f"{host}/silent"],
        "webOrigins": [host],
        "notBefore": 0,
        "bearerOnly": False,
        "consentRequired": False,
        "standardFlowEnabled": True,
        "implicitFlowEnabled": False,
        "directAccessGrantsEnabled": False,
        "serviceAccountsEnabled": False,
        "publicClient": False,
        "frontchannelLogout": True,
        "protocol": "openid-connect",
        "attributes": {
            "realm_client": "false",
            "client.secret.creation.time": "1700000000",
            "backchannel.logout.session.required": "true",
            "backchannel.logout.revoke.offline.tokens": "false",
            "post.logout.redirect.uris": f"{host}/bye",
            "oauth2.device.authorization.grant.enabled": "false",
        },
        "authenticationFlowBindingOverrides": {},
        "fullScopeAllowed": True,
        "nodeReRegistrationTimeout": -1,
        "defaultClientScopes": SCOPES,
        "optionalClientScopes": OPTIONAL,
    }


def main() -> None:
    count = int(sys.argv[1])
    name = sys.argv[2] if len(sys.argv) > 2 else "many"
    numbers = random.Random(count)
    out = sys.stdout
    out.write(json.dumps({"realm": name, "enabled": True})[:-1] + ', "clients": [')
    for number in range(count):
        out.write((",\n" if number else "\n") + json.dumps(client(number, numbers)))
    out.write("\n]}\n")


main()
