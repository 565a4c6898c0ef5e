export { createServiceRoles } from './create-roles.js';
export { deliveryColumnsAfter } from './delivery-columns.js';
export { migrate, migrationsDirectory } from './migrate.js';
export { isDatabaseAway, isUniqueViolation, orUnavailable, unavailableIfDatabaseAway } from './database-errors.js';
export { openJobsDatabase, openNvrDatabase, type JobsDatabase, type NvrDatabase } from './open-database.js';
export type { RunPlanned } from './planned-statements.js';
export { Prisma } from './generated/client.js';
