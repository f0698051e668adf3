-- When a session began and when it was used last, so that a realm's limits hold for sessions that are there already. Of
-- those from before nobody knows: they begin now. So do those that nodes of the release before add meanwhile.
ALTER TABLE sessions ADD COLUMN started_at BIGINT NOT NULL DEFAULT extract(epoch FROM now())::bigint;
ALTER TABLE sessions ADD COLUMN used_at BIGINT NOT NULL DEFAULT extract(epoch FROM now())::bigint;

-- `jti` of the refresh token that was used last, and how often it was (Keycloak: `revokeRefreshToken`).
ALTER TABLE sessions ADD COLUMN refresh_token_id TEXT COLLATE "C";
ALTER TABLE sessions ADD COLUMN refresh_token_uses BIGINT NOT NULL DEFAULT 0;
