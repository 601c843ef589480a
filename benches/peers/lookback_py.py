"""The same rules from Python: parity with the reference, then a sweep of 20 assets, warm. Needs the wheel: PEERS_WHEEL of run.sh."""
import glob
from common import *
import lookback as lb
RULES = dict(buy="crossover(sma(close, fast), sma(close, slow))", sell="crossunder(sma(close, fast), sma(close, slow))", params={"fast": range(5, 51), "slow": range(20, 201, 2)}, where="fast < slow", fee=0.001, progress=False)
bundle = lb.ingest(sorted(glob.glob("data/SYN*.csv")), out="python-bars")
portal = lb.DataPortal(bundle); ref = pd.read_csv("reference_SYN00.csv"); worst = 0.0
for fill in ("close", "next-open"):
    k = fill.replace("-", "_"); d = lb.sweep(portal, assets="SYN00", fill=fill, **RULES).to_pandas().merge(ref, on=["fast", "slow"], how="outer")
    assert len(d) == len(ref) == 3930, "not the 3,930 points"
    for ours, theirs in (("total_return", f"ret_{k}"), ("sharpe", f"sharpe_{k}"), ("max_drawdown", f"mdd_{k}")): worst = max(worst, float(np.nanmax(np.abs(d[ours] - d[theirs]))))
assert worst < 1e-9, worst
best = 9e9
for _ in range(3):
    c0 = cpu(); t = time.perf_counter(); r = lb.sweep(portal, fill="close", **RULES); best = min(best, cpu() - c0); wall = time.perf_counter() - t
print(f"RESULT lookback from Python: {len(r.assets)} assets, {len(r)} trials, {len(r) / best:,.0f}/cpu-s, {len(r) / wall:,.0f}/s, warm; load {os.getloadavg()[0]:.1f}; worst difference from the reference {worst:.1e}")
