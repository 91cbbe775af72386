// What tsc has to know of AssemblyScript to compile the files that both languages share (layout.ts, reason.ts).

type u32 = number;
