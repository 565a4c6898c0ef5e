import pg from 'pg';

interface RolePasswords {
  gateway: string;
  nvr: string;
}

/**
 * Gives each service a role that sees its own schema only: what lint can't hold, the database does. Run as the owner of the
 * schemas, after the migrations; repeating it renews the passwords.
 * @returns connection URLs of the two roles, made from the owner's
 */
export async function createServiceRoles(options: {
  ownerUrl: string;
  passwords: RolePasswords;
}): Promise<{ gatewayUrl: string; nvrUrl: string }> {
  const client = new pg.Client({ connectionString: options.ownerUrl });
  await client.connect();
  try {
    await grant(client, { role: 'nightjar_gateway', schema: 'jobs', password: options.passwords.gateway });
    await grant(client, { role: 'nightjar_nvr', schema: 'nvr', password: options.passwords.nvr });
  } finally {
    await client.end();
  }
  return {
    gatewayUrl: withUser(options.ownerUrl, 'nightjar_gateway', options.passwords.gateway),
    nvrUrl: withUser(options.ownerUrl, 'nightjar_nvr', options.passwords.nvr),
  };
}

async function grant(client: pg.Client, { role, schema, password }: { role: string; schema: string; password: string }): Promise<void> {
  const name = client.escapeIdentifier(role);
  const exists = await client.query('SELECT 1 FROM pg_roles WHERE rolname = $1', [role]);
  // Role statements take no parameters.
  await client.query(`${exists.rowCount ? 'ALTER' : 'CREATE'} ROLE ${name} LOGIN PASSWORD ${client.escapeLiteral(password)}`);
  const inSchema = client.escapeIdentifier(schema);
  await client.query(`GRANT USAGE ON SCHEMA ${inSchema} TO ${name}`);
  await client.query(`GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA ${inSchema} TO ${name}`);
  await client.query(`GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA ${inSchema} TO ${name}`);
}

function withUser(url: string, user: string, password: string): string {
  const copy = new URL(url);
  copy.username = encodeURIComponent(user);
  copy.password = encodeURIComponent(password);
  return copy.toString();
}
