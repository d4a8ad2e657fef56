/* Everything that needs no plotly, which comes after this script: reading, sorting and filtering can begin. */

startTheme();
const rowsTable = new RowsTable();
startStrips();
startOrigin();
document.documentElement.dataset.table = String(Math.round(performance.now()));
