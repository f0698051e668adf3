-- The state of a client has a number that grows over its realm: every change takes the next one (store/writer/count.rs).
-- Realms share the sequence; each of them sees gaps. Nodes of releases before take it for new clients too.
CREATE SEQUENCE client_generations;
ALTER TABLE clients ADD COLUMN generation BIGINT NOT NULL DEFAULT nextval('client_generations');
CREATE INDEX clients_generation ON clients (realm_id, generation);

-- Clients that are gone, for a while: those who follow the changes of a realm learn of it.
CREATE TABLE removed_clients (
    realm_id TEXT COLLATE "C" NOT NULL,
    -- That in which it is gone.
    generation BIGINT NOT NULL,
    id TEXT COLLATE "C" NOT NULL,
    client_id TEXT COLLATE "C" NOT NULL,
    removed_at_ms BIGINT NOT NULL,
    PRIMARY KEY (realm_id, generation)
);
CREATE INDEX removed_clients_age ON removed_clients (removed_at_ms);

-- A realm that goes takes them along, see 0060_plain_inserts.sql.
CREATE FUNCTION remove_removed_clients() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM removed_clients WHERE realm_id = OLD.id;
    RETURN OLD;
END $$;
CREATE TRIGGER remove_removed_clients AFTER DELETE ON realms FOR EACH ROW EXECUTE FUNCTION remove_removed_clients();
