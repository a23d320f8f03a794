import { Scenario } from '../../parts/Scenario.tsx';
import { scenariosOf } from './fields.ts';

/** The scenarios that a fix is for, by code or, where `long`, in sentences. A name that is not known has none. */
export function Repairs({ fixCode, long = false }: { fixCode: string; long?: boolean }) {
  const codes = scenariosOf(fixCode);
  if (codes.length === 0) return null;
  return (
    <span className={long ? 'solutions-sentences' : 'solutions-repairs'}>
      {codes.map((code) => (
        <Scenario key={code} of={code} short={!long} />
      ))}
    </span>
  );
}
