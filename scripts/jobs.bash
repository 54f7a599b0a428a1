# Parts of a long run: how long each took, and some of them beside others. Sourced by scripts/test, never run.
# Callers have ROOT and what lib.bash defines.

LOGS=$ROOT/.build/logs
mkdir -p "$LOGS"
# "seconds<tab>seconds of processor time<tab>name" of each part, in the order in which they end; also those of jobs.
TIMES=$LOGS/times
: >"$TIMES"
declare -A JOBS=()
rm -f "$INSTALLING"

# Runs a command and notes how long it took, and how much of the processor. To be called plainly, not before `||`: there bash goes on after a
# command that failed. In a shell of its own: to this one also belongs what jobs have used that end meanwhile.
part() (
  name=$1 began=$SECONDS
  shift
  "$@"
  note_time "$began" "$name"
)

# Notes that what began at the second $1 is done, and what this shell and its children have used of the processor: its name is $2.
note_time() {
  # Not through a pipe, for that would be another shell, which has used nothing.
  times >"$LOGS/used-$BASHPID"
  awk -F '[ms ]+' -v took=$((SECONDS - $1)) -v name="$2" '
    { used += 60 * ($1 + $3) + $2 + $4 }
    END { printf "%d\t%.0f\t%s\n", took, used, name }' "$LOGS/used-$BASHPID" >>"$TIMES"
  rm -f "$LOGS/used-$BASHPID"
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

# Sends the signal $1 to processes, of which root's may be some.
signal_all() {
  local by=()
  [[ $(id -u) == 0 ]] || ! sudo -n true 2>/dev/null || by=(sudo -n)
  "${by[@]}" kill "$@" 2>/dev/null || true
}

# Ends a job and what it has started: pytest takes SIGTERM as Ctrl-C, and ends what its tests have started. What does not end is killed.
stop_job() {
  local all turn
  let_install "$1"
  mapfile -t all < <(descendants "$1")
  signal_all -TERM "${all[@]}" "$1"
  for ((turn = 0; turn < 300; turn++)); do
    kill -0 "$1" 2>/dev/null || return 0
    sleep 0.1
  done
  signal_all -KILL "${all[@]}" "$1"
}

# Ends what still runs, jobs and the part of now, and tells how long each part took. Nobody has seen yet what a job wrote that had no end.
finish() {
  local outcome=$? pid name
  for pid in "${JOBS[@]}" $(cat "/proc/$$"/task/*/children 2>/dev/null); do
    stop_job "$pid"
  done
  for name in "${!JOBS[@]}"; do
    say "beside it was: $name; the end of what it wrote:"
    tail -n 60 "$LOGS/${name// /-}.log" >&2
  done
  if [[ -s $TIMES ]]; then
    note_time 0 "in all"
    say "how long each part took (those beside others overlap), and how much time of a processor it used"
    awk -F '\t' '{ printf "    %3d:%02d  %3d:%02d  %s\n", $1 / 60, $1 % 60, $2 / 60, $2 % 60, $3 }' "$TIMES" >&2
  fi
  exit "$outcome"
}
trap finish EXIT
