import { parseRoute, type Route } from './routes';
import { Store } from './store';

export const route = new Store<Route>(parseRoute(location.pathname));

const sync = (): void => route.set(parseRoute(location.pathname));

export function navigate(path: string, { replace = false } = {}): void {
  if (replace) history.replaceState(null, '', path);
  else history.pushState(null, '', path);
  sync();
  scrollTo(0, 0);
}

/** Follow plain clicks on links of this application without loading the page again. */
export function startRouter(): void {
  addEventListener('popstate', sync);
  addEventListener('click', (event) => {
    if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    const link = event.composedPath().find((node): node is HTMLAnchorElement => node instanceof HTMLAnchorElement);
    if (!link || link.target || link.hasAttribute('download') || link.origin !== location.origin) return;
    if (/^\/(api|dicomweb|fhir)\//.test(link.pathname)) return;
    event.preventDefault();
    if (link.pathname + link.search !== location.pathname + location.search) navigate(link.pathname + link.search);
  });
}
