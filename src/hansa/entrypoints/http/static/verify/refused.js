// How this verifier says no: one code of docs/reference/reasons.md, and the numbered check that it fell to.

export class Refused extends Error {
  /**
   * @param {string} reason a wire code, e.g. "forged"
   * @param {string} check the check of docs/reference/records.md that refuses, e.g. "envelope 4"
   * @param {string} detail for people; never needed to understand the reason
   */
  constructor(reason, check, detail = "") {
    super(detail ? `${reason}: ${detail}` : reason);
    this.name = "Refused";
    this.reason = reason;
    this.check = check;
    this.detail = detail;
  }
}
