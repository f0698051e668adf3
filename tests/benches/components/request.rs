//! The registrations that are measured, as plain data: each side makes its own types of it.

/// One call of a component within a registration.
#[derive(Clone, Copy)]
pub(crate) enum Call {
    /// Document to client as sent.
    Parse,
    /// Conditions of client policies.
    Judge,
    /// Executors of client policies.
    Execute,
    /// The policies that look at the client as sent.
    BeforeRegister,
    /// Client as sent to full client.
    Complete,
    /// The policies that look at the full client.
    AfterRegister,
    /// Web origins for the registration access token.
    AllowedOrigins,
    /// Validation and the document of the answer.
    Finish,
}

impl Call {
    /// In the order of a registration.
    pub(crate) const ALL: [Call; 8] = [
        Call::Parse,
        Call::Judge,
        Call::Execute,
        Call::BeforeRegister,
        Call::Complete,
        Call::AfterRegister,
        Call::AllowedOrigins,
        Call::Finish,
    ];

    /// Whether a registration of this kind makes the call.
    pub(crate) fn is_made(self, request: &Request) -> bool {
        !matches!(self, Call::Judge | Call::Execute) || !request.client_policies.is_empty()
    }

    /// For the table.
    pub(crate) fn title(self) -> &'static str {
        match self {
            Call::Parse => "core: parse",
            Call::Judge => "client policies: judge",
            Call::Execute => "client policies: execute",
            Call::BeforeRegister => "policies: before-register",
            Call::Complete => "core: complete",
            Call::AfterRegister => "policies: after-register",
            Call::AllowedOrigins => "policies: allowed-origins",
            Call::Finish => "core: finish",
        }
    }
}

/// A policy of the realm.
pub(crate) struct ConfiguredPolicy {
    pub(crate) provider: &'static str,
    pub(crate) config: &'static [(&'static str, &'static [&'static str])],
}

/// A client policy of the realm; its condition holds.
pub(crate) struct ClientPolicy {
    pub(crate) condition: ConfiguredPolicy,
    pub(crate) executors: [ConfiguredPolicy; 3],
}

/// A registration.
pub(crate) struct Request {
    pub(crate) title: &'static str,
    pub(crate) provider: &'static str,
    pub(crate) document: &'static str,
    /// Roles of the bearer token; `None`: the request has none.
    pub(crate) bearer: Option<&'static [&'static str]>,
    /// The policies of a new realm for it.
    pub(crate) policies: &'static [ConfiguredPolicy],
    /// Client policies of the realm.
    pub(crate) client_policies: &'static [ClientPolicy],
}

impl Request {
    /// Without a token, from a trusted host and for it.
    pub(crate) fn anonymous() -> Request {
        Request {
            title: "anonymous, openid-connect",
            provider: "openid-connect",
            document: METADATA,
            bearer: None,
            policies: ANONYMOUS,
            client_policies: &[],
        }
    }

    /// The same in a realm with five client policies of three executors each.
    pub(crate) fn with_client_policies() -> Request {
        Request {
            title: "anonymous, openid-connect, five client policies",
            client_policies: CLIENT_POLICIES,
            ..Request::anonymous()
        }
    }

    /// With the bearer token of a user who may create clients.
    pub(crate) fn bearer() -> Request {
        Request {
            title: "bearer token, default",
            provider: "default",
            document: REPRESENTATION,
            bearer: Some(&[
                "default-roles-test",
                "offline_access",
                "uma_authorization",
                "realm-management/create-client",
            ]),
            policies: AUTHENTICATED,
            client_policies: &[],
        }
    }
}

/// From where the requests come.
pub(crate) const ADDRESS: &str = "127.0.0.1";
/// The server as the caller sees it.
pub(crate) const BASE_URL: &str = "http://localhost:8080";
/// What the host has made for the client.
pub(crate) const ID: &str = "5f2b6a9e-3c1d-4e8f-9a70-b1c2d3e4f506";
pub(crate) const SECRET: &str =
    "ZkB2m5Q8w1Tn7Rr4Lx0Vc9Hy6Jd3Gs2Pf5Kq8Wz1Nt4Mb7Xe0Ua9Io6Yu3Er2Ty5Qw8Zx1Cv4Bn7Mk0Lj9Hg6F";
pub(crate) const SALT: &str = "h7Yw2QpL9sXc4VtB";
pub(crate) const NOW: u64 = 1_790_000_000;

/// A registration access token is about as long.
pub(crate) fn access_token() -> String {
    "eyJhbGciOiJSUzI1NiJ9".repeat(40)
}

/// Settings of a new realm.
pub(crate) const SETTINGS: [(&str, &str); 4] = [
    ("realm", "test"),
    ("sslRequired", "external"),
    ("ssoSessionIdleTimeout", "1800"),
    ("ssoSessionMaxLifespan", "36000"),
];

/// What a new client gets of a scope.
#[derive(Clone, Copy)]
pub(crate) enum Assigned {
    None,
    Default,
    Optional,
}

/// Client scopes of a new realm.
pub(crate) const SCOPES: [(&str, &str, Assigned); 15] = [
    ("acr", "openid-connect", Assigned::Default),
    ("address", "openid-connect", Assigned::Optional),
    ("AuthnContextClassRef", "saml", Assigned::Default),
    ("basic", "openid-connect", Assigned::Default),
    ("email", "openid-connect", Assigned::Default),
    ("microprofile-jwt", "openid-connect", Assigned::Optional),
    ("offline_access", "openid-connect", Assigned::Optional),
    ("organization", "openid-connect", Assigned::Optional),
    ("phone", "openid-connect", Assigned::Optional),
    ("profile", "openid-connect", Assigned::Default),
    ("role_list", "saml", Assigned::Default),
    ("roles", "openid-connect", Assigned::Default),
    ("saml_organization", "saml", Assigned::Default),
    ("service_account", "openid-connect", Assigned::None),
    ("web-origins", "openid-connect", Assigned::Default),
];

const MAPPERS: ConfiguredPolicy = ConfiguredPolicy {
    provider: "allowed-protocol-mappers",
    config: &[(
        "allowed-protocol-mapper-types",
        &[
            "saml-user-attribute-mapper",
            "oidc-usermodel-attribute-mapper",
            "saml-user-property-mapper",
            "oidc-usermodel-property-mapper",
            "oidc-full-name-mapper",
            "oidc-address-mapper",
            "oidc-sha256-pairwise-sub-mapper",
            "saml-role-list-mapper",
        ],
    )],
};
const TEMPLATES: ConfiguredPolicy =
    ConfiguredPolicy { provider: "allowed-client-templates", config: &[("allow-default-scopes", &["true"])] };
const WEB_ORIGINS: ConfiguredPolicy = ConfiguredPolicy { provider: "registration-web-origins", config: &[] };

const AUTHENTICATED: &[ConfiguredPolicy] = &[MAPPERS, TEMPLATES, WEB_ORIGINS];
const ANONYMOUS: &[ConfiguredPolicy] = &[
    ConfiguredPolicy {
        provider: "trusted-hosts",
        config: &[
            ("client-uris-must-match", &["true"]),
            ("host-sending-registration-request-must-match", &["true"]),
            ("trusted-hosts", &[ADDRESS, "portal.example.org"]),
        ],
    },
    ConfiguredPolicy { provider: "consent-required", config: &[] },
    ConfiguredPolicy { provider: "scope", config: &[] },
    ConfiguredPolicy { provider: "max-clients", config: &[("max-clients", &["200"])] },
    MAPPERS,
    TEMPLATES,
    WEB_ORIGINS,
];

const fn plain(provider: &'static str) -> ConfiguredPolicy {
    ConfiguredPolicy { provider, config: &[] }
}

const fn configuring(provider: &'static str) -> ConfiguredPolicy {
    ConfiguredPolicy { provider, config: &[("auto-configure", &["true"])] }
}

/// Four of the executors change the client.
const CLIENT_POLICIES: &[ClientPolicy] = &[
    ClientPolicy {
        condition: plain("any-client"),
        executors: [configuring("consent-required"), configuring("full-scope-disabled"), configuring("pkce-enforcer")],
    },
    ClientPolicy {
        condition: ConfiguredPolicy {
            provider: "client-updater-context",
            config: &[("update-client-source", &["ByAnonymous"])],
        },
        executors: [
            plain("secure-client-uris"),
            configuring("holder-of-key-enforcer"),
            plain("secure-signature-algorithm"),
        ],
    },
    ClientPolicy {
        condition: ConfiguredPolicy { provider: "client-access-type", config: &[("type", &["confidential"])] },
        executors: [
            ConfiguredPolicy {
                provider: "secure-client-authenticator",
                config: &[("allowed-client-authenticators", &["client-jwt", "client-x509"])],
            },
            configuring("dpop-bind-enforcer"),
            plain("reject-implicit-grant"),
        ],
    },
    ClientPolicy {
        condition: ConfiguredPolicy {
            provider: "client-updater-source-host",
            config: &[("trusted-hosts", &[ADDRESS])],
        },
        executors: [plain("reject-ropc-grant"), plain("secure-logout"), plain("secure-ciba-req-sig-algorithm")],
    },
    ClientPolicy {
        condition: ConfiguredPolicy { provider: "client-type", config: &[("protocol", &["openid-connect"])] },
        executors: [
            ConfiguredPolicy {
                provider: "secure-client-uris-pattern",
                config: &[("allowed-patterns", &["https://portal\\.example\\.org/.*"])],
            },
            plain("secure-redirect-uris-enforcer"),
            plain("registration-access-token-rotation-disabled"),
        ],
    },
];

const METADATA: &str = r#"{
"client_name":"Example Portal","client_name#de":"Beispielportal","client_uri":"https://portal.example.org/",
"logo_uri":"https://portal.example.org/logo.png","tos_uri":"https://portal.example.org/terms",
"policy_uri":"https://portal.example.org/privacy",
"redirect_uris":["https://portal.example.org/callback","https://portal.example.org/silent"],
"post_logout_redirect_uris":["https://portal.example.org/bye"],"contacts":["operations@example.org"],
"application_type":"web","software_id":"example-portal","software_version":"3.2.1",
"grant_types":["authorization_code","refresh_token"],"response_types":["code"],
"scope":"openid address phone offline_access","token_endpoint_auth_method":"private_key_jwt",
"token_endpoint_auth_signing_alg":"PS256","jwks_uri":"https://portal.example.org/keys","subject_type":"public",
"id_token_signed_response_alg":"PS256","userinfo_signed_response_alg":"PS256","request_object_signing_alg":"PS256",
"authorization_signed_response_alg":"PS256","initiate_login_uri":"https://portal.example.org/login",
"default_max_age":3600,"require_auth_time":true,"request_uris":["https://portal.example.org/request"],
"backchannel_logout_uri":"https://portal.example.org/logout","backchannel_logout_session_required":true,
"backchannel_logout_revoke_offline_tokens":false,"tls_client_certificate_bound_access_tokens":false,
"dpop_bound_access_tokens":true,"require_pushed_authorization_requests":true}"#;

const REPRESENTATION: &str =
    r#"{"clientId":"example-portal","redirectUris":["https://portal.example.org/callback"],"name":"Example Portal"}"#;
