# Parts of a long run: how long each took, and some of them beside others. Sourced by scripts/test, never run.
# Callers have ROOT and what lib.bash defines.

LOGS=$ROOT/.build/logs
mkdir -p "$LOGS"
# "seconds<tab>name" of each part, in the order in which they end; also those of jobs.
TIMES=$LOGS/times
: >"$TIMES"
declare -A JOBS=()
rm -f "$INSTALLING"

# Runs a command and notes how long it took. To be called plainly, not before `||`: there bash goes on after a command that failed.
part() {
  local name=$1 began=$SECONDS
  shift
  "$@"
  printf '%d\t%s\n' $((SECONDS - began)) "$name" >>"$TIMES"
}

# Starts a command beside what follows. What it writes goes to a file, which `await` shows whole, so that it is not mixed with other output.
beside() {
  local name=$1 log=$LOGS/${1// /-}.log
  shift
  say "beside it: $name (what it writes comes when it is done; until then it is in ${log#"$ROOT/"})"
  ("$@") >"$log" 2>&1 </dev/null &
  JOBS[$name]=$!
}

# Waits for the end of a job, and shows what it wrote; its failure is ours.
await() {
  local name=$1 log=$LOGS/${1// /-}.log outcome=0
  wait "${JOBS[$name]}" || outcome=$?
  unset "JOBS[$name]"
  cat "$log" >&2
  ((outcome == 0)) || exit "$outcome"
}

# The processes below a process, one on a line.
descendants() {
  local child
  for child in $(cat "/proc/$1"/task/*/children 2>/dev/null); do
    descendants "$child"
    echo "$child"
  done
}

# Waits until a job has installed its packages.
let_install() {
  [[ -e $INSTALLING ]] || return 0
  say "waiting for apt-get, which must not be ended in the middle"
  while [[ -e $INSTALLING ]] && kill -0 "$1" 2>/dev/null; do sleep 0.2; done
}

# Ends a job and what it has started: pytest takes SIGTERM as Ctrl-C, and ends what its tests have started. What does not end is killed.
stop_job() {
  local all turn
  let_install "$1"
  mapfile -t all < <(descendants "$1")
  kill -TERM "${all[@]}" "$1" 2>/dev/null || true
  for ((turn = 0; turn < 300; turn++)); do
    kill -0 "$1" 2>/dev/null || return 0
    sleep 0.1
  done
  kill -KILL "${all[@]}" "$1" 2>/dev/null || true
}

# Ends what still runs, and tells how long each part took.
finish() {
  local outcome=$? pid
  for pid in "${JOBS[@]}"; do
    stop_job "$pid"
  done
  if [[ -s $TIMES ]]; then
    say "how long each part took (those beside others overlap)"
    awk -F '\t' '{ printf "    %3d:%02d  %s\n", $1 / 60, $1 % 60, $2 }' "$TIMES" >&2
    printf '    %3d:%02d  %s\n' $((SECONDS / 60)) $((SECONDS % 60)) "in all" >&2
  fi
  exit "$outcome"
}
trap finish EXIT
