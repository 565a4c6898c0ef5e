export { createServiceRoles, type RolePasswords } from './create-roles.js';
export { migrate, migrationsDirectory } from './migrate.js';
export { isDatabaseAway, isUniqueViolation, openJobsDatabase, openNvrDatabase, type JobsDatabase, type NvrDatabase } from './open-database.js';
export { Prisma } from './generated/client.js';
