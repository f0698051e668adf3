-- What is kept of clients that are gone, for those who come with their registration access token or name them at the gate
-- (store/tombstones.rs). Of several clients with one `client_id`, one after the other, the last.
CREATE TABLE tombstones (
    realm_id TEXT COLLATE "C" NOT NULL,
    client_id TEXT COLLATE "C" NOT NULL,
    -- Internal id.
    id TEXT COLLATE "C" NOT NULL,
    removed_ms BIGINT NOT NULL,
    kept_until_ms BIGINT NOT NULL,
    -- The rule of the realm that removed it; NULL: somebody did.
    rule TEXT,
    -- `jti` of the registration access token that was good.
    registration_token_id TEXT COLLATE "C",
    -- The provider that it was registered with; NULL: nobody registered it.
    provider TEXT,
    PRIMARY KEY (realm_id, client_id)
);
CREATE INDEX tombstones_age ON tombstones (kept_until_ms);

-- A realm that goes takes them along, see 0060_plain_inserts.sql.
CREATE FUNCTION remove_tombstones() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM tombstones WHERE realm_id = OLD.id;
    RETURN OLD;
END $$;
CREATE TRIGGER remove_tombstones AFTER DELETE ON realms FOR EACH ROW EXECUTE FUNCTION remove_tombstones();
