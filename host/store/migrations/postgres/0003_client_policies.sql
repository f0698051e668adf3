-- Client policies: the two documents of a realm, as administrators sent them.
CREATE TABLE client_policies (
    realm_id TEXT COLLATE "C" NOT NULL PRIMARY KEY REFERENCES realms (id) ON DELETE CASCADE,
    profiles TEXT NOT NULL,
    policies TEXT NOT NULL
);
CREATE TRIGGER announce AFTER INSERT OR UPDATE OR DELETE ON client_policies
    FOR EACH ROW EXECUTE FUNCTION announce_change('realm_id');
