/** What the engine may know of a client request. The pipeline's RequestContext implements it. */
export interface RequestFacts {
  /** Upper case. */
  readonly method: string;
  /** Canonical path, see `canonicalPath`: no query, no dot or empty segments, pure ASCII. */
  readonly path: string;
  /** Lower case, without port. */
  readonly host: string;
  /**
   * The value's bytes as latin1, as Node hands them out: header values are compared as bytes.
   * @param name lower case; a header that came twice must have been refused before if it routes
   */
  header(name: string): string | undefined;
  /** The decoded value. */
  query(name: string): string | undefined;
  /** The parsed JSON body; undefined when there is none. */
  readonly body: unknown;
}
