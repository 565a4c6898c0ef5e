-- Gives each service its own schema and nothing else. Run once by the owner of the database, before the first migration or after
-- it; repeating it is harmless. The default privileges cover tables that later migrations make.
CREATE SCHEMA IF NOT EXISTS jobs;
CREATE SCHEMA IF NOT EXISTS nvr;

GRANT USAGE ON SCHEMA jobs TO nightjar_gateway;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA jobs TO nightjar_gateway;
GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA jobs TO nightjar_gateway;
ALTER DEFAULT PRIVILEGES IN SCHEMA jobs GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO nightjar_gateway;
ALTER DEFAULT PRIVILEGES IN SCHEMA jobs GRANT USAGE, SELECT ON SEQUENCES TO nightjar_gateway;

GRANT USAGE ON SCHEMA nvr TO nightjar_nvr;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA nvr TO nightjar_nvr;
GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA nvr TO nightjar_nvr;
ALTER DEFAULT PRIVILEGES IN SCHEMA nvr GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO nightjar_nvr;
ALTER DEFAULT PRIVILEGES IN SCHEMA nvr GRANT USAGE, SELECT ON SEQUENCES TO nightjar_nvr;
