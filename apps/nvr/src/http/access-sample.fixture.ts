/** One request that tells whether a route keeps what it should. */
export interface AccessSample {
  /** `METHOD url`, as the table of routes has it. */
  route: string;
  /** Query, or a value for `:file`. */
  query?: string;
  file?: string;
  body?: object;
  /** Who is let through; without it the guard. */
  as?: 'admin' | 'service';
  /** Status for who is let through. One above 399 is said by what stands behind all questions of rights. Undefined: not asked. */
  ok: number | undefined;
  /**
   * What others with every permission, but for another camera or none, get: 404 as if it were not there; an answer as for anybody
   * with nothing of ours in it; or an answer of their own, since the route is not about a camera.
   */
  others: 'hidden' | 'nothing' | 'own';
  /** What the guard's answer has, and that of nobody else. */
  shows?: string;
}

type Rest = Omit<AccessSample, 'route' | 'others'>;
export const hidden = (route: string, rest: Rest): AccessSample => ({ route, others: 'hidden', ...rest });
export const nothing = (route: string, rest: Rest): AccessSample => ({ route, others: 'nothing', ...rest });
export const own = (route: string, rest: Rest): AccessSample => ({ route, others: 'own', ...rest });
/** A route for admins only: others get 403 whatever they ask for. */
export const admin = (route: string, rest: Partial<Rest> = {}): AccessSample => ({ route, others: 'own', as: 'admin', ok: 422, ...rest });
export const service = (route: string, rest: Rest): AccessSample => ({ route, others: 'own', as: 'service', ...rest });
