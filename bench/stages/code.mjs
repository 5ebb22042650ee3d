/** The code of the stages of bench/stages.mjs, on the thread that opens and in workers: the last word of a record becomes its first. */

export const each = (record) => {
  record.h = record.a;
};

export const batch = {
  batch(records) {
    while (records.next()) {
      const { record } = records;
      record.h = record.a;
    }
  },
};
