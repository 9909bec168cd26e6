/** The three messages by which TensorBoard's HParams page knows a run (tensorboard/plugins/hparams/api.proto). */
import { bytesField, doubleField, message, varintField } from './protobuf.ts';

export type HparamValue = string | number | boolean;

/** `DataType` and the field of `google.protobuf.Value` that holds it. */
const KINDS = {
  string: { dataType: 1, encode: (value: HparamValue) => bytesField(3, String(value)) },
  boolean: { dataType: 2, encode: (value: HparamValue) => varintField(4, Number(value)) },
  number: { dataType: 3, encode: (value: HparamValue) => doubleField(2, Number(value)) },
} as const;

const kindOf = (value: HparamValue) => KINDS[typeof value as keyof typeof KINDS];

/**
 * Which settings and metrics there are (experiment), the run's settings (session start), and that it ended well (session
 * end), as [tag, `HParamsPluginData`] pairs.
 */
export function hparamsMessages(
  settings: Readonly<Record<string, HparamValue>>,
  metricTags: readonly string[],
): [tag: string, content: Uint8Array][] {
  const entries = Object.entries(settings);
  const now = Date.now() / 1000;
  const experiment = message(
    ...entries.map(([name, value]) =>
      bytesField(4, message(bytesField(1, name), varintField(4, kindOf(value).dataType))),
    ),
    ...metricTags.map((tag) => bytesField(5, message(bytesField(1, bytesField(2, tag)), bytesField(3, tag)))),
  );
  const start = message(
    ...entries.map(([name, value]) =>
      bytesField(1, message(bytesField(1, name), bytesField(2, kindOf(value).encode(value)))),
    ),
    doubleField(5, now),
  );
  const end = message(varintField(1, 1), doubleField(2, now));
  return [
    ['_hparams_/experiment', bytesField(2, experiment)],
    ['_hparams_/session_start_info', bytesField(3, start)],
    ['_hparams_/session_end_info', bytesField(4, end)],
  ];
}
