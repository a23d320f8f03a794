/** What is no filter: the place in the list and what is open beside it. */
const NOT_KEPT = ['after', 'open'];

/** @returns the query that a view keeps. */
export function viewQuery(params: URLSearchParams): string {
  const query = new URLSearchParams(params);
  for (const name of NOT_KEPT) query.delete(name);
  return query.toString();
}
