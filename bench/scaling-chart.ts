/** The cost of an image over each axis, as a chart. */
import type { TopLevelSpec } from 'vega-lite';
import { LOOK } from '../src/reports/charts.ts';
import { AXES, type Axis, type ScalingResult } from './scaling.ts';

const COLOUR = '#0072B2';

/** One small chart an axis, both scales logarithmic, so that a power law is a line; the exponent of the whole step's time in its title. */
export function scalingChart({ points, exponents }: ScalingResult): TopLevelSpec {
  const panels = (Object.keys(AXES) as Axis[]).flatMap((axis) => {
    const exponent = exponents[axis];
    if (exponent === null) return [];
    const values = points.filter((point) => point.axis === axis);
    return [
      {
        title: `${AXES[axis].title}: step ∝ x^${exponent.toFixed(2)}`,
        width: 260,
        height: 180,
        data: { values },
        mark: { type: 'line', point: true, strokeWidth: 1.8, color: COLOUR },
        encoding: {
          x: {
            field: 'x',
            type: 'quantitative',
            title: AXES[axis].title,
            scale: { type: 'log', nice: false },
            axis: { values: values.map(({ x }) => x), format: 'd' },
          },
          y: {
            field: 'ms_per_image',
            type: 'quantitative',
            title: 'ms an image',
            scale: { type: 'log', zero: false, nice: true },
            axis: { tickCount: 5, format: '~g' },
          },
        },
      } as const,
    ];
  });
  return { ...LOOK, columns: 2, concat: panels };
}
