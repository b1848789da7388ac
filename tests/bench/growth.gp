# SPDX-License-Identifier: MIT
# growth.gp: what scripts/bench --plot draws of `bench_growth --data`: what an event costs, and how
# long a report takes, over how much is there.
#
#   gnuplot -e "data='growth.tsv'; picture='growth.png'" tests/bench/growth.gp
set terminal pngcairo size 1120,440 font "sans,10" background "#ffffff"
set output picture
set datafile missing "NaN"
set multiplot layout 1,2 margins 0.06,0.985,0.14,0.80 spacing 0.085
set logscale x
set xrange [7000:7e6]
set xtics ("10 k" 1e4, "100 k" 1e5, "1 M" 1e6, "5 M" 5e6)
set mxtics 1
set border 3 lc "#555555"
set tics nomirror textcolor "#333333"
set grid ytics lc "#dddddd" lt 1
set key above left Left reverse samplen 2.5 spacing 1.1 maxcols 1
set style line 1 lc "#1f5fa8" lw 2.5 pt 7 ps 1.1
set style line 2 lc "#c46a1b" lw 2.5 pt 5 ps 1.1
set style line 3 lc "#3a8a4d" lw 2.5 pt 9 ps 1.3
set style line 4 lc "#8a4fa3" lw 2.5 pt 13 ps 1.3

set xlabel "events that are there already"
set ylabel "CPU for one event, µs"
set yrange [0:*]
plot data index 0 using 1:3 with linespoints ls 1 title "fast path: queue to row, all indexes", \
     data index 0 using 1:4 with linespoints ls 3 title "Redis meanwhile", \
     data index 1 using 1:2 with linespoints ls 2 title "whole service: file to facts and rollups"

set xlabel "events that are there"
set xrange [7000:1.4e6]
set ylabel "one report, whole process, p50, ms"
set logscale y
set yrange [1:*]
set ytics ("1" 1, "10" 10, "100" 100, "1 s" 1000, "10 s" 10000)
plot data index 1 using 1:9 with linespoints ls 4 title "ccusage daily --offline", \
     data index 1 using 1:6 with linespoints ls 1 title "blueplane costs -p all", \
     data index 1 using 1:7 with linespoints ls 2 title "blueplane metrics -p all"
unset multiplot
