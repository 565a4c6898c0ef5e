import { z } from 'zod';

// The content policy of the page forbids code made from text. Zod tries whether it may as soon as a schema is made: this module has
// to be imported before any that makes one.
z.config({ jitless: true });
