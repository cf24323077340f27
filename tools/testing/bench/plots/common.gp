# SPDX-License-Identifier: GPL-2.0
# What all pictures share; plot sets data, terminal and output.
set datafile separator "\t"
set border 3 linecolor rgb "#666666"
set tics nomirror out textcolor rgb "#333333"
set grid ytics linecolor rgb "#dddddd"
set key textcolor rgb "#333333"
blue = 0x2b6cb0
light = 0x90cdf4
orange = 0xdd6b20
grey = 0x718096
green = 0x2f855a
red = 0xc53030
