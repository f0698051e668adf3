-- People are listed without passing over the service accounts, of which a realm may have as many as clients.
CREATE INDEX users_people ON users (realm_id, username) WHERE service_account_client IS NULL;
