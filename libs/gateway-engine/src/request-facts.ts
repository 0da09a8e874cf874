/** What the engine may know of a client request. The pipeline's RequestContext implements it. */
export interface RequestFacts {
  /** Upper case. */
  readonly method: string;
  /** Canonical path: decoded where harmless, no query, no dot or empty segments. */
  readonly path: string;
  /** Lower case, without port. */
  readonly host: string;
  /** @param name lower case; a header that came twice must have been refused before if it routes */
  header(name: string): string | undefined;
  query(name: string): string | undefined;
  /** The parsed JSON body; undefined when there is none. */
  readonly body: unknown;
}
