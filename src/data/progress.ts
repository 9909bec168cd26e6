/** How far a lengthy stage of preparing the data has come. */
export interface Progress {
  (state: { readonly stage: string; readonly done: number; readonly total: number }): void;
}
