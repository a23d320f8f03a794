/**
 * The chart library, with only what the charts need; loaded when a chart is first shown. It draws on a canvas: its
 * other renderer writes styles into markup, which the policy of the page refuses.
 */
import { BarChart, LineChart } from 'echarts/charts';
import { GridComponent, TooltipComponent } from 'echarts/components';
import { type EChartsCoreOption, init, use } from 'echarts/core';
import { CanvasRenderer } from 'echarts/renderers';

export interface Canvas {
  show(option: EChartsCoreOption): void;
  end(): void;
}

/** Draws into the element and follows its size. */
export function openCanvas(element: HTMLElement): Canvas {
  use([BarChart, LineChart, GridComponent, TooltipComponent, CanvasRenderer]);
  const chart = init(element, null, { renderer: 'canvas' });
  const sizes = new ResizeObserver(() => chart.resize());
  sizes.observe(element);
  return {
    show: (option) => chart.setOption(option, { notMerge: true, lazyUpdate: true }),
    end() {
      sizes.disconnect();
      chart.dispose();
    },
  };
}
