-- When a session began and when it was used last, so that a realm's limits hold for sessions that are there already. Of
-- those from before nobody knows: they begin now.
ALTER TABLE sessions ADD COLUMN started_at INTEGER NOT NULL DEFAULT 0;
ALTER TABLE sessions ADD COLUMN used_at INTEGER NOT NULL DEFAULT 0;
UPDATE sessions SET started_at = unixepoch(), used_at = unixepoch();

-- `jti` of the refresh token that was used last, and how often it was (Keycloak: `revokeRefreshToken`).
ALTER TABLE sessions ADD COLUMN refresh_token_id TEXT;
ALTER TABLE sessions ADD COLUMN refresh_token_uses INTEGER NOT NULL DEFAULT 0;
