// The style sheet of the report: light and dark by the reader's system, and paper. No address, no font, no script.

/** Goes into the page as it is. */
export const reportStyle = `
:root{color-scheme:light dark;--page:#f6f7f9;--card:#fff;--ink:#1b2330;--muted:#5d6878;--rule:#dfe3e9;--good:#13724a;--goodbg:#e3f4ea;
--bad:#b3261e;--badbg:#fcebea;--open:#8a5a00;--openbg:#fdf3dc;--heat:37 99 196;--s0:#2563c4;--s1:#d0660a;--s2:#12805c;--s3:#8547b8;--s4:#b83262;--s5:#5d6878}
@media (prefers-color-scheme:dark){:root{--page:#11151b;--card:#1a2029;--ink:#e6eaf0;--muted:#9aa6b6;--rule:#2f3845;--good:#63d39b;
--goodbg:#143023;--bad:#ff8f86;--badbg:#3b1b1a;--open:#f0c05a;--openbg:#352b13;--heat:96 160 255;--s0:#6ea8ff;--s1:#ffa65c;--s2:#56cf9f;--s3:#c79bf2;--s4:#ff8bb0;--s5:#9aa6b6}}
*{box-sizing:border-box}
body{margin:0;background:var(--page);color:var(--ink);font:15px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,sans-serif}
main{max-width:1080px;margin:0 auto;padding:32px 20px 64px}
h1{font-size:26px;line-height:1.2;margin:0}
h2{font-size:17px;margin:0 0 12px}h2.next{margin-top:24px}
header p,.note{color:var(--muted);margin:4px 0 0;font-size:13.5px}
section .note{margin-top:10px}
section{background:var(--card);border:1px solid var(--rule);border-radius:10px;padding:20px 22px;margin-top:20px}
.verdict{border-left:6px solid;padding-left:18px}
.verdict strong{display:block;font-size:19px;line-height:1.35}
.good{border-left-color:var(--good)}.good strong{color:var(--good)}
.bad{border-left-color:var(--bad)}.bad strong{color:var(--bad)}
.open{border-left-color:var(--open)}.open strong{color:var(--open)}
.tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(128px,1fr));gap:12px;margin-top:20px}
.tiles div{background:var(--card);border:1px solid var(--rule);border-radius:10px;padding:12px 16px}
.tiles b{display:block;font-size:21px;font-variant-numeric:tabular-nums;line-height:1.3}
.tiles span{color:var(--muted);font-size:13px}
.scroll{overflow-x:auto}
table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums;font-size:14px}
th{font-weight:600;color:var(--muted);font-size:13px;text-align:left;white-space:nowrap}
th,td{padding:6px 8px;border-bottom:1px solid var(--rule)}
tbody tr:last-child>*{border-bottom:0}
td.n,th.n{text-align:right;white-space:nowrap}
td.name{overflow-wrap:anywhere;min-width:7em}
td.wrong{color:var(--bad);font-weight:600}
td.unsure{color:var(--open);font-weight:600}
td.few{color:var(--muted)}
.matrix td{text-align:center;white-space:nowrap}
.matrix small{display:block;color:var(--muted);font-size:12px}
code{font:13px ui-monospace,Menlo,Consolas,monospace;overflow-wrap:anywhere}
dl{margin:0}dt{font-weight:600;margin-top:14px}dd{margin:4px 0 0;font-size:14px}
figure{margin:0 0 10px}
svg{width:100%;height:auto;display:block}
svg text{fill:var(--muted);font-size:12px}
.grid{stroke:var(--rule)}.tick{stroke:var(--muted)}
.line{fill:none;stroke-width:2;stroke-linejoin:round;stroke:var(--c)}
.area{fill:var(--c);opacity:.12}
.s0{--c:var(--s0)}.s1{--c:var(--s1)}.s2{--c:var(--s2)}.s3{--c:var(--s3)}.s4{--c:var(--s4)}.s5{--c:var(--s5)}
.legend{list-style:none;display:flex;flex-wrap:wrap;gap:4px 18px;margin:0 0 8px;padding:0;font-size:13.5px}
.legend i{display:inline-block;width:14px;height:3px;border-radius:2px;background:var(--c);vertical-align:middle;margin-right:7px}
.legend .unit{margin-left:auto;color:var(--muted)}
@media print{:root{--page:#fff}body{font-size:12px}main{max-width:none;padding:0}section,.tiles div{break-inside:avoid;border-color:#bbb}}
`
