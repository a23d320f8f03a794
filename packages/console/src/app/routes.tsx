/** Which page is at which address. Each page is a file of its own that is loaded when it is first shown. */
import { createBrowserRouter } from 'react-router';
import { PageFailed, PageMissing, PageNotLoaded } from './PageErrors.tsx';
import { Shell } from './Shell.tsx';

export function createPages(): ReturnType<typeof createBrowserRouter> {
  return createBrowserRouter([
    {
      path: '/',
      element: <Shell />,
      // While the first page's file is on its way; a moment's "loading" would only flicker.
      hydrateFallbackElement: <div />,
      errorElement: <PageFailed />,
      children: [
        {
          errorElement: <PageFailed />,
          children: [
            { index: true, lazy: loaded(() => import('../pages/home/HomePage.tsx')) },
            { path: 'collect', lazy: loaded(() => import('../pages/collect/CollectPage.tsx')) },
            { path: 'handling', lazy: loaded(() => import('../pages/handling/HandlingPage.tsx')) },
            { path: 'problems', lazy: loaded(() => import('../pages/problems/ProblemsPage.tsx')) },
            { path: 'problems/:id', lazy: loaded(() => import('../pages/problem/ProblemPage.tsx')) },
            { path: 'bulk-runs', lazy: loaded(() => import('../pages/bulk-runs/BulkRunsPage.tsx')) },
            { path: 'bulk-runs/:id', lazy: loaded(() => import('../pages/bulk-runs/BulkRunPage.tsx')) },
            { path: 'collections', lazy: loaded(() => import('../pages/collections/CollectionsPage.tsx')) },
            {
              path: 'collections/:id',
              lazy: loaded(() => import('../pages/collections/CollectionPage.tsx')),
            },
            { path: 'executions', lazy: loaded(() => import('../pages/executions/ExecutionsPage.tsx')) },
            { path: 'messages', lazy: loaded(() => import('../pages/messages/MessagesPage.tsx')) },
            { path: 'clients', lazy: loaded(() => import('../pages/clients/ClientsPage.tsx')) },
            { path: 'solutions', lazy: loaded(() => import('../pages/solutions/SolutionsPage.tsx')) },
            { path: 'solutions/import', lazy: loaded(() => import('../pages/solutions/ImportPage.tsx')) },
            { path: 'solutions/new', lazy: loaded(() => import('../pages/solutions/NewSolutionPage.tsx')) },
            { path: 'solutions/:id', lazy: loaded(() => import('../pages/solutions/SolutionPage.tsx')) },
            { path: 'account', lazy: loaded(() => import('../pages/account/AccountPage.tsx')) },
            { path: 'roles', lazy: loaded(() => import('../pages/roles/RolesPage.tsx')) },
            { path: 'users', lazy: loaded(() => import('../pages/users/UsersPage.tsx')) },
            { path: 'systems', lazy: loaded(() => import('../pages/systems/SystemsPage.tsx')) },
            { path: 'approvals', lazy: loaded(() => import('../pages/approvals/ApprovalsPage.tsx')) },
            { path: 'approvals/:id', lazy: loaded(() => import('../pages/approvals/ApprovalPage.tsx')) },
            { path: 'approval-policy', lazy: loaded(() => import('../pages/policy/PolicyPage.tsx')) },
            { path: 'limits', lazy: loaded(() => import('../pages/limits/LimitsPage.tsx')) },
            { path: 'audit', lazy: loaded(() => import('../pages/audit/AuditPage.tsx')) },
            { path: '*', element: <PageMissing /> },
          ],
        },
      ],
    },
  ]);
}

/** A page whose file does not come: the connection is away, or the server has a newer console. */
function loaded<T>(load: () => Promise<T>): () => Promise<T> {
  return () =>
    load().catch((cause: unknown) => {
      throw new PageNotLoaded(cause);
    });
}
