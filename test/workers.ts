// With how many workers those tests run that name no number themselves: TAPLOOM_TEST_WORKERS, else one.
// Read first: the projects in vitest.config.ts.

export const WORKERS = Number(process.env["TAPLOOM_TEST_WORKERS"] ?? 1);
