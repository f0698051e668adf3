// What ends a task from within a helper.

/** Thrown where a task can't go on; `step` is how it ends. */
export class Stop extends Error {
  constructor(step) {
    super(String(step.val?.message ?? step.val ?? step.tag));
    this.step = step;
  }
}
